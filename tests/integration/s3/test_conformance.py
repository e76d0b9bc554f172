"""What MLflow and the backup need of an S3 server; whichever keeps these promises will do."""

import hashlib
import secrets
from collections.abc import Callable, Iterator

import httpx
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from .conftest import S3Server

_PART = 5 * 2**20  # the smallest part that S3 allows, but for the last


@pytest.fixture
def client(s3: S3Server) -> BaseClient:
    return s3.client()


@pytest.fixture
def prefix(s3: S3Server, client: BaseClient) -> Iterator[str]:
    """A folder of this test alone, emptied afterwards."""
    name = f"conformance/{secrets.token_hex(6)}/"
    yield name
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=s3.bucket, Prefix=name):
        for item in page.get("Contents", []):
            client.delete_object(Bucket=s3.bucket, Key=item["Key"])


def refusal(call: Callable[[], object]) -> tuple[str, int]:
    """Make a call that must be refused; the code and the HTTP status of its error."""
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def read(client: BaseClient, bucket: str, key: str) -> bytes:
    content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


@pytest.mark.parametrize(
    "name",
    [
        "plain.txt", "with space.txt", "plus+sign", "percent%20already", "a=b&c=d?e#f",
        "ünïcode-Ωμ-飛行機.onnx", "emoji-✈️😡.json", "quote'\"s", "semi;colon,comma",
        "(brackets)[and]{braces}", "tilde~at@colon:", "dot.", ".hidden", "trailing-space ",
        "deep/er/and/deep/er/still/file", "x" * 200,
    ],
)  # fmt: skip
def test_what_was_put_under_a_name_is_got_headed_and_listed_under_it(
    s3: S3Server, client: BaseClient, prefix: str, name: str
) -> None:
    if "%" in name:
        s3.must("percent signs in names")
    content = name.encode() * 3
    key = prefix + name

    client.put_object(Bucket=s3.bucket, Key=key, Body=content)

    assert content == read(client, s3.bucket, key)
    assert len(content) == client.head_object(Bucket=s3.bucket, Key=key)["ContentLength"]
    listed = client.list_objects_v2(Bucket=s3.bucket, Prefix=prefix)["Contents"]
    assert [(key, len(content))] == [(item["Key"], item["Size"]) for item in listed]


def test_an_empty_object_is_an_object(s3: S3Server, client: BaseClient, prefix: str) -> None:
    client.put_object(Bucket=s3.bucket, Key=prefix + "empty", Body=b"")

    assert b"" == read(client, s3.bucket, prefix + "empty")


def test_the_etag_of_a_simple_put_is_the_md5_of_its_content(
    s3: S3Server, client: BaseClient, prefix: str
) -> None:
    content = b"the look-out on a ship"

    put = client.put_object(Bucket=s3.bucket, Key=prefix + "etag", Body=content)

    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert f'"{md5}"' == put["ETag"]
    assert f'"{md5}"' == client.head_object(Bucket=s3.bucket, Key=prefix + "etag")["ETag"]


def test_the_content_type_and_metadata_come_back(s3: S3Server, client: BaseClient, prefix: str) -> None:
    client.put_object(
        Bucket=s3.bucket,
        Key=prefix + "m",
        Body=b"{}",
        ContentType="application/json",
        Metadata={"sha256": "9f"},
    )

    head = client.head_object(Bucket=s3.bucket, Key=prefix + "m")

    assert ("application/json", {"sha256": "9f"}) == (head["ContentType"], head["Metadata"])


def test_the_last_put_wins_at_once(s3: S3Server, client: BaseClient, prefix: str) -> None:
    for content in (b"first, and longer than the second", b"second"):
        client.put_object(Bucket=s3.bucket, Key=prefix + "twice", Body=content)

        assert content == read(client, s3.bucket, prefix + "twice")
        assert len(content) == client.head_object(Bucket=s3.bucket, Key=prefix + "twice")["ContentLength"]


def test_a_name_that_is_not_there_is_not_found(s3: S3Server, client: BaseClient, prefix: str) -> None:
    absent = prefix + "absent"

    assert ("NoSuchKey", 404) == refusal(lambda: client.get_object(Bucket=s3.bucket, Key=absent))
    assert refusal(lambda: client.head_object(Bucket=s3.bucket, Key=absent))[1] == 404


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=990-", slice(990, None)),
        ("bytes=-5", slice(-5, None)),
    ],
)
def test_a_range_is_exactly_that_part(
    s3: S3Server, client: BaseClient, prefix: str, asked: str, got: slice
) -> None:
    if asked.startswith("bytes=-"):
        s3.must("suffix ranges")
    content = secrets.token_bytes(1000)
    client.put_object(Bucket=s3.bucket, Key=prefix + "range", Body=content)

    answer = client.get_object(Bucket=s3.bucket, Key=prefix + "range", Range=asked)

    assert (content[got], 206) == (answer["Body"].read(), answer["ResponseMetadata"]["HTTPStatusCode"])


def test_a_range_past_the_end_is_refused(s3: S3Server, client: BaseClient, prefix: str) -> None:
    s3.must("status 416")
    client.put_object(Bucket=s3.bucket, Key=prefix + "range", Body=b"short")

    refused = refusal(
        lambda: client.get_object(Bucket=s3.bucket, Key=prefix + "range", Range="bytes=100-200")
    )

    assert refused[1] == 416


def test_a_long_list_comes_whole_in_pages_and_in_order(s3: S3Server, client: BaseClient, prefix: str) -> None:
    names = [f"{prefix}{number:03}" for number in range(25)]
    for name in reversed(names):
        client.put_object(Bucket=s3.bucket, Key=name, Body=b"x")

    pages = list(
        client.get_paginator("list_objects_v2").paginate(
            Bucket=s3.bucket, Prefix=prefix, PaginationConfig={"PageSize": 10}
        )
    )

    assert [10, 10, 5] == [len(page["Contents"]) for page in pages]
    assert names == [item["Key"] for page in pages for item in page["Contents"]]


def test_a_delimiter_shows_folders(s3: S3Server, client: BaseClient, prefix: str) -> None:
    for name in ("a.txt", "models/m-1/model.onnx", "models/m-2/model.onnx", "runs/r/log"):
        client.put_object(Bucket=s3.bucket, Key=prefix + name, Body=b"x")

    page = client.list_objects_v2(Bucket=s3.bucket, Prefix=prefix, Delimiter="/")

    assert [f"{prefix}a.txt"] == [item["Key"] for item in page["Contents"]]
    assert [f"{prefix}models/", f"{prefix}runs/"] == [item["Prefix"] for item in page["CommonPrefixes"]]


def test_deleting_twice_is_no_error_and_leaves_the_neighbour(
    s3: S3Server, client: BaseClient, prefix: str
) -> None:
    for name in ("here", "here-too"):
        client.put_object(Bucket=s3.bucket, Key=prefix + name, Body=b"x")

    for _ in range(2):
        client.delete_object(Bucket=s3.bucket, Key=prefix + "here")

    listed = client.list_objects_v2(Bucket=s3.bucket, Prefix=prefix)["Contents"]
    assert [f"{prefix}here-too"] == [item["Key"] for item in listed]


def test_many_are_deleted_in_one_call(s3: S3Server, client: BaseClient, prefix: str) -> None:
    names = [f"{prefix}{name}" for name in ("a", "b c", "ü&<>", "kept")]
    for name in names:
        client.put_object(Bucket=s3.bucket, Key=name, Body=b"x")

    answer = client.delete_objects(
        Bucket=s3.bucket, Delete={"Objects": [{"Key": name} for name in [*names[:3], f"{prefix}absent"]]}
    )

    assert not answer.get("Errors")
    assert [names[3]] == [
        item["Key"] for item in client.list_objects_v2(Bucket=s3.bucket, Prefix=prefix)["Contents"]
    ]


def test_parts_sent_out_of_order_become_one_object(s3: S3Server, client: BaseClient, prefix: str) -> None:
    key, parts = prefix + "parts", [secrets.token_bytes(_PART), secrets.token_bytes(_PART), b"the end"]
    upload = client.create_multipart_upload(Bucket=s3.bucket, Key=key)["UploadId"]
    sent = {
        number: client.upload_part(
            Bucket=s3.bucket, Key=key, UploadId=upload, PartNumber=number, Body=parts[number - 1]
        )["ETag"]
        for number in (3, 1, 2)
    }
    listed = client.list_parts(Bucket=s3.bucket, Key=key, UploadId=upload)["Parts"]
    assert [(1, _PART), (2, _PART), (3, 7)] == [(part["PartNumber"], part["Size"]) for part in listed]
    assert refusal(lambda: client.head_object(Bucket=s3.bucket, Key=key))[1] == 404

    client.complete_multipart_upload(
        Bucket=s3.bucket,
        Key=key,
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": number, "ETag": sent[number]} for number in (1, 2, 3)]},
    )

    assert hashlib.sha256(b"".join(parts)).digest() == hashlib.sha256(read(client, s3.bucket, key)).digest()
    head = client.head_object(Bucket=s3.bucket, Key=key)
    assert head["ETag"].endswith('-3"'), "an ETag of parts says how many they were"


def test_an_aborted_upload_leaves_nothing(s3: S3Server, client: BaseClient, prefix: str) -> None:
    key = prefix + "aborted"
    upload = client.create_multipart_upload(Bucket=s3.bucket, Key=key)["UploadId"]
    client.upload_part(Bucket=s3.bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"x" * _PART)

    client.abort_multipart_upload(Bucket=s3.bucket, Key=key, UploadId=upload)

    assert ("NoSuchUpload", 404) == refusal(
        lambda: client.list_parts(Bucket=s3.bucket, Key=key, UploadId=upload)
    )
    assert refusal(lambda: client.head_object(Bucket=s3.bucket, Key=key))[1] == 404


def test_an_upload_with_a_wrong_part_is_not_completed(s3: S3Server, client: BaseClient, prefix: str) -> None:
    key = prefix + "wrong"
    upload = client.create_multipart_upload(Bucket=s3.bucket, Key=key)["UploadId"]
    client.upload_part(Bucket=s3.bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"x")

    refused = refusal(
        lambda: client.complete_multipart_upload(
            Bucket=s3.bucket,
            Key=key,
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": '"00000000000000000000000000000000"'}]},
        )
    )

    assert refused == ("InvalidPart", 400)
    client.abort_multipart_upload(Bucket=s3.bucket, Key=key, UploadId=upload)


def test_a_large_body_comes_back_to_the_byte(s3: S3Server, client: BaseClient, prefix: str) -> None:
    block = secrets.token_bytes(2**20)
    content = b"".join(bytes([number]) + block for number in range(48))

    client.put_object(Bucket=s3.bucket, Key=prefix + "large", Body=content)

    got = read(client, s3.bucket, prefix + "large")
    assert (len(content), hashlib.sha256(content).digest()) == (len(got), hashlib.sha256(got).digest())


def test_a_presigned_address_works_without_a_key_until_it_is_changed(
    s3: S3Server, client: BaseClient, prefix: str
) -> None:
    name = {"Bucket": s3.bucket, "Key": prefix + "pre signed+ü"}
    put = client.generate_presigned_url("put_object", Params=name, ExpiresIn=60)
    get = client.generate_presigned_url("get_object", Params=name, ExpiresIn=60)

    with httpx.Client(trust_env=False, timeout=30) as stranger:
        assert stranger.put(put, content=b"by a stranger").status_code == 200
        assert stranger.get(get).content == b"by a stranger"
        assert stranger.get(get.replace("X-Amz-Expires=60", "X-Amz-Expires=61")).status_code == 403
        assert stranger.put(get, content=b"not what was signed").status_code == 403
        assert stranger.get(get.split("?", maxsplit=1)[0]).status_code == 403
    assert read(client, s3.bucket, name["Key"]) == b"by a stranger"


def test_a_wrong_secret_is_refused(s3: S3Server) -> None:
    stranger = s3.client(secret_key=secrets.token_urlsafe(30))

    assert ("SignatureDoesNotMatch", 403) == refusal(lambda: stranger.list_objects_v2(Bucket=s3.bucket))
    assert refusal(lambda: stranger.put_object(Bucket=s3.bucket, Key="x", Body=b"x"))[1] == 403


def test_an_unknown_key_is_refused(s3: S3Server) -> None:
    stranger = s3.client(access_key="nobody")

    # Servers differ in how they call it; versitygw with a single key says 404.
    assert refusal(lambda: stranger.list_objects_v2(Bucket=s3.bucket))[1] in {403, 404}


def test_without_a_key_nothing_is_listed(s3: S3Server) -> None:
    answer = httpx.get(f"{s3.endpoint}/{s3.bucket}?list-type=2", trust_env=False, timeout=30)

    assert answer.status_code == 403


def test_the_key_of_one_bucket_opens_no_other(s3: S3Server, client: BaseClient) -> None:
    s3.must("rights per bucket")
    assert s3.forbidden_bucket is not None
    other = s3.forbidden_bucket

    assert ("AccessDenied", 403) == refusal(lambda: client.list_objects_v2(Bucket=other))
    assert ("AccessDenied", 403) == refusal(lambda: client.get_object(Bucket=other, Key="x"))
    assert ("AccessDenied", 403) == refusal(lambda: client.put_object(Bucket=other, Key="x", Body=b"x"))
    assert refusal(lambda: client.create_bucket(Bucket="a-new-one"))[1] == 403


def test_a_bucket_that_is_not_there_is_named_so(client: BaseClient) -> None:
    refused = refusal(lambda: client.list_objects_v2(Bucket="vigie-has-no-such-bucket"))

    # A key that may not look must not learn what is there.
    assert refused in {("NoSuchBucket", 404), ("AccessDenied", 403)}
