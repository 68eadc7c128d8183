#!/usr/bin/env bash
# Make the secrets that compose.yaml hands to its services: passwords, and addresses that hold them.
#
#   deploy/compose/make-secrets.sh [FOLDER]     default: secrets, beside compose.yaml
#
# What is there already stays, so that it can be run again.
set -euo pipefail
folder=${1:-"$(dirname "$0")/secrets"}
mkdir -p "$folder"
chmod 0700 "$folder"  # the files are read by users of the containers, whom this machine does not know
cd "$folder"

password() {
  [ -e "$1" ] || head --bytes 24 /dev/urandom | base64 | tr -d '/+=\n' > "$1"
}

password database_password
password broker_password
password operator_password
printf 'postgresql://assay:%s@postgres/assay\n' "$(cat database_password)" > database_url
printf 'redis://:%s@redis:6379/0\n' "$(cat broker_password)" > broker_url
printf 'requirepass %s\n' "$(cat broker_password)" > redis.conf
if [ ! -e report.pem ]; then
  openssl genpkey -algorithm ed25519 -out report.pem
fi
chmod 0644 ./*
echo "secrets are in $folder; keep report.pem safe: reports are signed with it" >&2
