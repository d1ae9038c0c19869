#!/bin/sh
# What the tests need beyond Python: a browser with Chinese type, a virus scanner, tools to read PDFs, PostgreSQL 15.
# Installs Debian's packages where it may; where it may not, it says what is missing and the tests say so too.
set -eu
need=""
command -v chromium >/dev/null 2>&1 || need="$need chromium"
fc-list 2>/dev/null | grep -q "CJK" || need="$need fonts-noto-cjk"
command -v clamd >/dev/null 2>&1 || need="$need clamav-daemon"
command -v pdfsig >/dev/null 2>&1 || need="$need poppler-utils"
[ -n "$need" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing$need"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null
  # shellcheck disable=SC2086 - a list of packages
  apt-get install -y -qq --no-install-recommends $need >/dev/null
else
  echo "missing:$need. Install them with: sudo apt-get install$need" >&2
fi
