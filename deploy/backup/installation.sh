# What save.sh and restore.sh know of an installation. Sourced, not run.
# shellcheck shell=bash
: "${ASSAY_DATA_DIR:?the folder of the data, as the service has it}"
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }

python=${PYTHON:-python3}
parts=(keys trust index weights blobs)  # the broker's messages are made again from the database
database_url=${ASSAY_DATABASE_URL:-}
if [ -n "${ASSAY_DATABASE_URL_FILE:-}" ]; then
  database_url=$(cat "$ASSAY_DATABASE_URL_FILE")
fi
case $database_url in
  sqlite:*) echo "$0: SQLite elsewhere than in the data folder is not known here" >&2; exit 2 ;;
esac

# Tell PostgreSQL's programs by their environment: arguments are seen by everybody on a machine.
connect() {
  local line
  while IFS= read -r line; do export "${line?}"; done < <(
    ADDRESS=$database_url "$python" - <<'PYTHON'
import os
from urllib.parse import parse_qsl, unquote, urlsplit

url = urlsplit(os.environ["ADDRESS"])
asked = dict(parse_qsl(url.query))
found = {
    "PGHOST": asked.get("host") or url.hostname,
    "PGPORT": asked.get("port") or url.port,
    "PGUSER": asked.get("user") or (unquote(url.username) if url.username else None),
    "PGPASSWORD": asked.get("password") or (unquote(url.password) if url.password else None),
    "PGDATABASE": unquote(url.path.lstrip("/")),
    "PGSSLMODE": asked.get("sslmode"),
    "PGSSLROOTCERT": asked.get("sslrootcert"),
}
for name, value in found.items():
    if value:
        print(f"{name}={value}")
PYTHON
  )
}
