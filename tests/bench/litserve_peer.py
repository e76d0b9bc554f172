"""LitServe answering from the same bundle: litserve_peer.py BUNDLE PORT."""

import sys
from pathlib import Path
from typing import Any

import litserve  # type: ignore[import-not-found]  # lives in the benchmark's own environment

from sentiment import Bundle


class Peer(litserve.LitAPI):  # type: ignore[misc]
    """What its guide shows for a model that is not batched."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
        """Open the bundle in the worker."""
        self.bundle = Bundle.open(Path(sys.argv[1]))

    def decode_request(self, request: dict[str, Any]) -> list[str]:
        """Take the texts out of the body."""
        return [request["text"]] if "text" in request else request["texts"]

    def predict(self, texts: list[str]) -> list[dict[str, Any]]:
        """Label them."""
        return [{"label": item.label, "probability": item.probability} for item in self.bundle.predict(texts)]

    def encode_response(self, output: list[dict[str, Any]]) -> dict[str, Any]:
        """Wrap the answers."""
        return {"predictions": output}


if __name__ == "__main__":
    server = litserve.LitServer(Peer(), accelerator="cpu", workers_per_device=1)
    server.run(port=int(sys.argv[2]), host="127.0.0.1", generate_client_file=False, log_level="warning")
