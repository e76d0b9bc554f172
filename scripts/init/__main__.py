"""`make init` writes .env and the secrets; `make up` then also starts the platform and waits."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is what tells so
    sys.exit("Python 3.11 or newer is needed to prepare Vigie; this is " + sys.version.split()[0] + ".")

from init.story import main

sys.exit(main(sys.argv[1:]))
