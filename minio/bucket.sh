#!/bin/sh
# Make the bucket, the policy and MLflow's key: runs in the service `bucket` at every `up`, and may be repeated.
set -eu
secret() { cat "/run/secrets/$1"; }
# From the environment, not from arguments: those are seen by whoever lists processes.
MC_HOST_store="http://$(secret s3_root_user):$(secret s3_root_password)@minio:9000"
export MC_HOST_store
mc="mcli --quiet --no-color"
$mc mb --ignore-existing store/mlflow
$mc admin policy create store mlflow /vigie/policy.json
printf '%s\n%s\n' "$(secret s3_access_key)" "$(secret s3_secret_key)" | $mc admin user add store
# To attach what is attached is an error, so ask first.
if ! $mc admin policy entities store --user "$(secret s3_access_key)" | grep -qw mlflow; then
    $mc admin policy attach store mlflow --user "$(secret s3_access_key)"
fi
