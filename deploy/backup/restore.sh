#!/usr/bin/env bash
# Restore what save.sh saved, into an empty data folder and, with PostgreSQL, an empty database.
#
#   ASSAY_DATA_DIR=/var/lib/assay deploy/backup/restore.sh FOLDER
#
# Nothing of assay may run meanwhile. Files get the owner they had; run it as root, or as the user
# that assay runs as.
set -euo pipefail
# shellcheck source=deploy/backup/installation.sh
. "$(dirname "$0")/installation.sh"
source=$1

for part in assay.db "${parts[@]}"; do
  if [ -e "$ASSAY_DATA_DIR/$part" ]; then
    echo "$0: $ASSAY_DATA_DIR/$part is there already; restore into an empty folder" >&2
    exit 2
  fi
done
mkdir -p "$ASSAY_DATA_DIR"
chmod 0700 "$ASSAY_DATA_DIR"

if [ -n "$database_url" ]; then
  connect
  pg_restore --exit-on-error --single-transaction --no-owner --dbname="$PGDATABASE" "$source/database.dump"
else
  cp --archive "$source/assay.db" "$ASSAY_DATA_DIR/assay.db"
fi
for part in "${parts[@]}"; do
  if [ -d "$source/$part" ]; then
    cp --archive --reflink=auto "$source/$part" "$ASSAY_DATA_DIR/$part"
  fi
done
echo "restored; start assay and look at \`assay doctor\`" >&2
