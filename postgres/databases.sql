-- Roles and databases, each role with what it needs and no more. Made to be repeated: changing a secret and running
-- it again changes the password.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
\set mlflow_password `cat /run/secrets/mlflow_db_password`
\set api_password `cat /run/secrets/api_db_password`
\set migrate_password `cat /run/secrets/migrate_db_password`
\set read_password `cat /run/secrets/read_db_password`

SELECT format('CREATE ROLE %I', role)
FROM (VALUES ('mlflow'), ('vigie_api'), ('vigie_migrate'), ('vigie_read')) AS wanted (role)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec

ALTER ROLE mlflow LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'mlflow_password';
ALTER ROLE vigie_api LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'api_password';
ALTER ROLE vigie_migrate LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'migrate_password';
ALTER ROLE vigie_read LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'read_password';
ALTER ROLE vigie_read SET default_transaction_read_only = on;

SELECT format('CREATE DATABASE %I OWNER %I', database, owner)
FROM (VALUES ('mlflow', 'mlflow'), ('mlflow_auth', 'mlflow'), ('vigie', 'vigie_migrate')) AS wanted (database, owner)
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = database) \gexec

-- By default every role may enter every database.
REVOKE ALL ON DATABASE mlflow, mlflow_auth, vigie, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE vigie TO vigie_api, vigie_read;

\connect vigie
ALTER SCHEMA public OWNER TO vigie_migrate;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO vigie_api, vigie_read;
-- Tables that the migrations make later …
ALTER DEFAULT PRIVILEGES FOR ROLE vigie_migrate IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO vigie_api;
ALTER DEFAULT PRIVILEGES FOR ROLE vigie_migrate IN SCHEMA public GRANT USAGE ON SEQUENCES TO vigie_api;
ALTER DEFAULT PRIVILEGES FOR ROLE vigie_migrate IN SCHEMA public GRANT SELECT ON TABLES TO vigie_read;
-- … and those that are there, also after a restore.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO vigie_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO vigie_api;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO vigie_read;
