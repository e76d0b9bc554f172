"""Ask the registry for one model: the server, its login and both databases must answer."""

import base64
import urllib.request

import configuration

_URL = "http://127.0.0.1:5000/mlflow/api/2.0/mlflow/registered-models/search?max_results=1"
_TIMEOUT_S = 8


def main() -> None:
    """Raise, and so end with a failure, unless the answer is 200."""
    login = base64.b64encode(f"api:{configuration.secret('mlflow_api_password')}".encode()).decode()
    request = urllib.request.Request(_URL, headers={"Authorization": f"Basic {login}"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310 - fixed
        pass


if __name__ == "__main__":
    main()
