"""MLflow's own garbage collection; runs in a container of MLflow's image: collect.py DAYS

The administrator's password comes on the standard input: the server's container does not hold it.
"""

import os
import sys

sys.path.insert(0, "/vigie")
import configuration
import serve

chosen = configuration.read()
os.environ.update(serve.environment(chosen))
os.environ["MLFLOW_TRACKING_USERNAME"] = "admin"
os.environ["MLFLOW_TRACKING_PASSWORD"] = sys.stdin.read().strip()

# Called in here, because a command line shows passwords to every process.
from mlflow.cli import gc  # noqa: E402 - it reads the environment when imported

gc.main(
    [
        f"--older-than={sys.argv[1]}d",
        f"--backend-store-uri={chosen.database_url}",
        f"--artifacts-destination=s3://{chosen.s3_bucket}",
        "--tracking-uri=http://mlflow:5000/mlflow",
    ]
)
