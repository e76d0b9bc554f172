#!/usr/bin/env bash
# Make the databases and roles, and set the passwords from the secrets: runs in the service `databases` at every `up`.
set -euo pipefail
PGPASSWORD=$(cat /run/secrets/postgres_password)
export PGPASSWORD
exec psql --host=postgres --username=postgres --dbname=postgres --no-psqlrc --quiet --file=/vigie/databases.sql
