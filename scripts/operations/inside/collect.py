"""MLflow's own garbage collection; runs in a container of MLflow's image: collect.py DAYS"""

import os
import subprocess
import sys

sys.path.insert(0, "/vigie")
import configuration
import serve

chosen = configuration.read()
login = {
    "MLFLOW_TRACKING_URI": "http://mlflow:5000/mlflow",
    "MLFLOW_TRACKING_USERNAME": "admin",
    "MLFLOW_TRACKING_PASSWORD": configuration.secret("mlflow_admin_password"),
}
command = ["mlflow", "gc", f"--older-than={sys.argv[1]}d", f"--artifacts-destination=s3://{chosen.s3_bucket}"]
ended = subprocess.run(command, env=os.environ | serve.environment(chosen) | login, check=False)
sys.exit(ended.returncode)
