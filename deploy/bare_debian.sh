#!/usr/bin/env bash
# Run the README's two commands in a minimal Debian 12 that has python3, pip, make and git alone.
#
#   deploy/bare_debian.sh [FOLDER]     as root, with debootstrap; FOLDER (var/bare) is kept for next time
#
# The committed tree of HEAD is tried. The system's pip settings and certificates are taken along; name
# the folders of a local package mirror in MOUNTS (separated by blanks), an apt mirror in DEBIAN.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$(realpath --canonicalize-missing "${1:-var/bare}")
debian=${DEBIAN:-http://deb.debian.org/debian}

release() {
  for place in "${mounted[@]}"; do umount --lazy "$root$place"; done
}

attach() { # OPTION PLACE: mount a folder of this system at the same place
  mkdir --parents "$root$2"
  mount "$1" "$2" "$root$2"
  mounted+=("$2")
}

[ "$(id -u)" -eq 0 ] || { echo "$0: only root can make a system of its own" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "$0: install debootstrap first" >&2; exit 2; }

if [ ! -e "$root/etc/debian_version" ]; then
  debootstrap --variant=minbase --include=ca-certificates,git,make,python3,python3-pip \
    bookworm "$root" "$debian"
fi

mounted=()
trap release EXIT
for place in /proc /sys /dev; do attach --rbind "$place"; done
for place in ${MOUNTS:-}; do attach --bind "$place"; done
for file in /etc/resolv.conf /etc/pip.conf /etc/xdg/pip /etc/ssl/certs/ca-certificates.crt; do
  if [ -e "$file" ]; then
    mkdir --parents "$root$(dirname "$file")"
    cp --recursive --dereference "$file" "$root$(dirname "$file")/"
  fi
done

rm -rf "$root/assay"
mkdir "$root/assay"
git archive HEAD | tar --extract --directory "$root/assay"
settings=$(env | grep '^PIP_' || true)
for command in demo test; do
  echo "== make $command in a bare Debian $(cat "$root/etc/debian_version")" >&2
  # shellcheck disable=SC2086  # one word for each setting
  chroot "$root" /usr/bin/env --ignore-environment $settings HOME=/root LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin make --directory /assay "$command"
done
