#!/bin/sh
# Installs into a scratch folder, looks at what came, and uninstalls. Speaks TAP.
set -u
cd "$(dirname "$0")/.." || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/usr/local

number=0
result() { # STATUS NAME
  number=$((number + 1))
  if [ "$1" -eq 0 ]; then
    echo "ok $number - install: $2"
  else
    echo "not ok $number - install: $2"
    sed 's/^/# /' "$scratch/log"
  fi
}

# try NAME COMMAND...
try() {
  name=$1
  shift
  "$@" >"$scratch/log" 2>&1
  result $? "$name"
}

nothing() { # nothing FILE: it is empty
  cat "$1"
  [ ! -s "$1" ]
}

globals() { # globals NM-OPTION LIBRARY: defined global names
  nm "$1" --defined-only -g "$2" | awk 'NF == 3 { print $3 }' | sort -u
}

only_nk() {
  globals "$@" | tee "$scratch/names"
  grep -qx nk_version "$scratch/names" && ! grep -qv '^nk_' "$scratch/names"
}

declared_is_exported() {
  sed -n 's/.*[ *]\(nk_[a-z_]*\)(.*;$/\1/p' "$root/include/natkit.h" | sort -u >"$scratch/declared"
  globals -D "$root/lib/libnatkit.so" | diff "$scratch/declared" -
}

cat >"$scratch/user.c" <<'C'
#include <natkit.h>
#include <stdio.h>
#include <string.h>
int main(void)
{
	puts(nk_version());
	return strcmp(nk_strerror(0), "no error") != 0 || strcmp(nk_strerror(-9999), "unknown error") != 0;
}
C

pc() {
  PKG_CONFIG_PATH=$root/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$scratch pkg-config "$@" natkit
}

use_shared() {
  # shellcheck disable=SC2046
  ${CC:-cc} -std=c17 -Wall -Werror -o "$scratch/shared" "$scratch/user.c" $(pc --cflags --libs) &&
    [ "$(LD_LIBRARY_PATH=$root/lib "$scratch/shared")" = "$(pc --modversion)" ]
}

use_static() {
  # shellcheck disable=SC2046
  ${CC:-cc} -std=c17 -Wall -Werror -o "$scratch/static" "$scratch/user.c" $(pc --cflags) \
    "$root/lib/libnatkit.a" $(pkg-config --libs libuv libsodium nettle jansson miniupnpc) -lm &&
    "$scratch/static"
}

programs_run() {
  for program in build/bin/*; do
    "$root/bin/${program##*/}" --version || return 1
  done
}

manuals_came() {
  for page in man/*.[1-9]; do
    cmp "$page" "$root/share/man/man${page##*.}/${page##*/}" || return 1
  done
}

data_came() {
  for file in share/*.conf share/*.json share/natsim/*.json; do
    cmp "$file" "$root/share/natkit/${file#share/}" || return 1
  done
}

# Wherever it was installed to.
zoo_is_found() {
  "$root/bin/natsim" show mikrotik --json | grep -q '"name": "mikrotik"'
}

# Paths in texts follow PREFIX; a build folder of its own, as another PREFIX means other flags.
texts_follow_prefix() {
  make --no-print-directory install-texts BUILD="$scratch/build" PREFIX=/opt/natkit \
    DESTDIR="$scratch/other" || return 1
  grep -r /opt/natkit/share "$scratch/other/opt/natkit/share/man" &&
    grep -r /opt/natkit/bin "$scratch/other/opt/natkit/lib/systemd" &&
    ! grep -r /usr/local "$scratch/other/opt/natkit"
}

# Whoever lacks libraries is told what to do.
missing_libraries() {
  PKG_CONFIG_LIBDIR=/none make --no-print-directory BUILD="$scratch/bare" "$scratch/bare/lib/base/addr.o" 2>&1 |
    tee "$scratch/told"
  [ ! -e "$scratch/bare/lib/base/addr.o" ] && grep -q 'sudo make deps' "$scratch/told"
}

echo 1..14
unset NATKIT_BUILD
try "missing libraries" missing_libraries
try "make install" make --no-print-directory install DESTDIR="$scratch"
try "programs run" programs_run
try "manual pages came" manuals_came
try "data files came" data_came
try "natsim finds its presets" zoo_is_found
try "paths in texts follow PREFIX" texts_follow_prefix
try "shared library exports nk_ names only" only_nk -D "$root/lib/libnatkit.so"
try "static library exports nk_ names only" only_nk -g "$root/lib/libnatkit.a"
try "natkit.h declares what is exported" declared_is_exported
try "a program builds with pkg-config and runs" use_shared
try "a program builds with the static library" use_static
try "make uninstall" make --no-print-directory uninstall DESTDIR="$scratch"
find "$scratch/usr" ! -type d >"$scratch/left"
try "nothing is left" nothing "$scratch/left"
