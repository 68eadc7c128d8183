#!/usr/bin/env bash
# Save an installation while it runs: its database first, then the files that its scans name.
#
#   ASSAY_DATA_DIR=/var/lib/assay deploy/backup/save.sh FOLDER
#
# Reads ASSAY_DATA_DIR and ASSAY_DATABASE_URL or ASSAY_DATABASE_URL_FILE, as the service does. FOLDER
# must not be there yet. For PostgreSQL it needs pg_dump. A report key or folders that other settings
# keep elsewhere are saved where they are.
set -euo pipefail
# shellcheck source=deploy/backup/installation.sh
. "$(dirname "$0")/installation.sh"
target=$1
umask 0077
mkdir "$target"
trap 'rm -rf "$target"' ERR

if [ -n "$database_url" ]; then
  connect
  pg_dump --format=custom --no-owner --file="$target/database.dump"
else
  "$python" - "$ASSAY_DATA_DIR/assay.db" "$target/assay.db" <<'PYTHON'
import sqlite3
import sys

with sqlite3.connect(sys.argv[1]) as source, sqlite3.connect(sys.argv[2]) as target:
    source.backup(target)
PYTHON
fi

# A scan's file is there before the scan is, so every scan that was saved finds its own. What came
# after is swept away by the service when it was restored.
for part in "${parts[@]}"; do
  if [ -d "$ASSAY_DATA_DIR/$part" ]; then
    cp --archive --reflink=auto "$ASSAY_DATA_DIR/$part" "$target/$part"
  fi
done
sync --file-system "$target"
echo "saved to $target" >&2
