"""Reads and writes MLflow's bucket; runs in a container of MLflow's image, where the store's key is.

bucket.py export          every object as a tar on the standard output, `end.json` last
bucket.py import          objects from such a tar on the standard input
bucket.py list            a JSON line an object: key, bytes, age in seconds
bucket.py delete          deletes the keys on the standard input, a JSON text a line
bucket.py abandon HOURS   aborts uploads that were begun longer ago and never ended
"""

import json
import os
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import IO, Any

sys.path.insert(0, "/vigie")
import boto3
import configuration
import serve
from botocore.config import Config
from botocore.exceptions import ClientError

chosen = configuration.read()
os.environ.update(serve.environment(chosen))
bucket = chosen.s3_bucket
s3 = boto3.client(
    "s3",
    endpoint_url=chosen.s3_endpoint,
    config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 5, "mode": "standard"}),
)


class OneWay:
    """A member of a stream: it can be read, and asked for nothing else (a tar's own reader cannot say so)."""

    def __init__(self, content: IO[bytes]) -> None:
        self.read = content.read


def objects() -> Iterator[dict[str, Any]]:  # Any: boto3's
    """Go through every object's description."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from page.get("Contents", ())


def export_objects() -> None:
    """Write every object to a tar."""
    listed = [item["Key"] for item in objects()]
    count = size = 0
    vanished = []
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for key in listed:
            try:
                got = s3.get_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchKey":
                    raise
                vanished.append(key)
                continue
            info = tarfile.TarInfo(f"objects/{key}")
            info.size = got["ContentLength"]
            info.mtime = int(got["LastModified"].timestamp())
            info.pax_headers = {"VIGIE.key": key, "VIGIE.type": got.get("ContentType", "")}
            tar.addfile(info, got["Body"])
            count, size = count + 1, size + info.size
        end = json.dumps({"objects": count, "bytes": size, "vanished": vanished}).encode()
        info = tarfile.TarInfo("end.json")
        info.size = len(end)
        tar.addfile(info, BytesIO(end))


def import_objects() -> None:
    """Put every object of a tar."""
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
        for info in tar:
            if info.name == "end.json":
                return
            kind = info.pax_headers.get("VIGIE.type")
            s3.upload_fileobj(
                OneWay(tar.extractfile(info)),
                bucket,
                info.pax_headers["VIGIE.key"],
                ExtraArgs={"ContentType": kind} if kind else None,
            )
    sys.exit("the stream ended before its end")


def list_objects() -> None:
    """Print every object."""
    now = datetime.now(UTC)
    for item in objects():
        age = (now - item["LastModified"]).total_seconds()
        print(json.dumps({"key": item["Key"], "bytes": item["Size"], "age_s": age}))


def delete_objects() -> None:
    """Delete what is named."""
    keys = [json.loads(line) for line in sys.stdin]
    for start in range(0, len(keys), 1000):
        some = [{"Key": key} for key in keys[start : start + 1000]]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
        if answer.get("Errors"):
            sys.exit(f"not deleted: {answer['Errors'][:3]}")


def abandon_uploads(hours: float) -> None:
    """Abort old uploads."""
    now = datetime.now(UTC)
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", ()):
            if (now - upload["Initiated"]).total_seconds() > hours * 3600:
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
                print(json.dumps(upload["Key"]))


verb, *rest = sys.argv[1:]
match verb:
    case "export":
        export_objects()
    case "import":
        import_objects()
    case "list":
        list_objects()
    case "delete":
        delete_objects()
    case "abandon":
        abandon_uploads(float(rest[0]))
    case _:
        sys.exit(__doc__)
