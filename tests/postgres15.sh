#!/bin/sh
# Runs the kernel's tests once more on PostgreSQL 15, the oldest that is supported, where Debian's postgresql-15 is
# installed, and with POSTGRES15=all the modules' too (five minutes); what never asks a database is left out. The clusters (one for each process that runs
# tests, see conftest.py) live in a temporary folder and belong to a user without privileges.
set -eu
bin=$(ls -d /usr/lib/postgresql/15/bin 2>/dev/null || true)
if [ -z "$bin" ]; then
  echo "PostgreSQL 15 is not installed: its run is left out."
  exit 0
fi
here=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d -t minjing-pg15.XXXXXX)
as() { if [ "$(id -u)" = 0 ]; then su -s /bin/sh postgres -c "$1"; else sh -c "$1"; fi; }
finish() {
  for worker in gw0 gw1; do
    as "'$bin/pg_ctl' -D '$folder/$worker/data' -m immediate stop" >/dev/null 2>&1 || true
  done
  rm -rf "$folder"
}
trap finish EXIT INT TERM
if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
chmod 755 "$folder"
for worker in gw0 gw1; do
  at="$folder/$worker"
  as "mkdir '$at' && '$bin/initdb' -D '$at/data' -U minjing -A trust -E UTF8 --locale=C.UTF-8" >"$folder.log" 2>&1 || { cat "$folder.log"; exit 1; }
  rm -f "$folder.log"
  as "'$bin/pg_ctl' -D '$at/data' -w -l '$at/log' -o \"-F -h '' -k '$at'\" start" >/dev/null
  as "'$bin/createdb' -h '$at' -U minjing minjing"
done
cd "$here"
parts="minjing/kernel"
[ "${POSTGRES15:-}" = all ] && parts="minjing/kernel minjing/modules"
echo "$parts on PostgreSQL 15:"
# shellcheck disable=SC2086 - a list of folders
DATABASE_URL="postgresql://minjing@/minjing?host=$folder/{worker}" TEST_DATA_DIR="$here/var/test15" MINJING_TEST_DB=minjing_test15 \
  .venv/bin/pytest -n 2 --dist loadfile $parts -m "not journey and not fault" --create-db \
  --ignore minjing/kernel/identity/tests/test_reading.py --ignore minjing/kernel/pay/providers \
  --ignore minjing/kernel/ledger/tests/test_tree.py --ignore minjing/modules/household/tests/test_catalogue.py \
  --ignore minjing/modules/traffic/tests/test_yielding_mqtt_trouble.py "$@"
