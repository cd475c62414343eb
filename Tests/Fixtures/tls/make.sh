#!/bin/sh
# make.sh: the certificates and keys of this folder, anew, with openssl. They are for tests; all keys are public.
#   lab       an authority, a server `localhost` (127.0.0.1, ::1) and a client `O=lab,CN=src`
#   nobody    the authority alone: a client without a certificate
#   expired   the same server and client, with certificates of the authority that ended in 2021
#   stranger  the same names, of an authority of their own
#   locked    the client of `lab`, its key closed with the password `heron`
#   revoked   the server of `lab` with a list that takes the client's certificate back
#   psk       keys of `qemu` and `bob`
#   otherpsk  another key of `qemu`
set -eu
cd "$(dirname "$0")"
rm -rf lab nobody expired stranger locked revoked psk otherpsk
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
usage="keyUsage=critical,digitalSignature,keyEncipherment"

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
authority() { # FOLDER NAME
    mkdir -p "$1" "$work/$1"
    key "$work/$1/ca-key.pem"
    openssl req -x509 -new -key "$work/$1/ca-key.pem" -subj "/CN=$2" -days 36500 -out "$1/ca-cert.pem" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
    : >"$work/$1/index.txt"
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nserial=%s\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nunique_subject=no\n
        default_crl_days=36500\n[p]\norganizationName=optional\ncommonName=supplied\n' \
        "$work/$1/index.txt" "$work/$1/serial" "$work/$1" >"$work/$1/ca.conf"
    echo 01 >"$work/$1/serial"
}
certificate() { # AUTHORITY FOLDER server|client SUBJECT EXTENSIONS [OPTIONS OF CA]
    authority=$1 folder=$2 side=$3 subject=$4 more=$5
    shift 5
    mkdir -p "$folder"
    key "$folder/$side-key.pem"
    openssl req -new -key "$folder/$side-key.pem" -subj "$subject" -out "$work/request.pem"
    printf '%b\n' "basicConstraints=critical,CA:FALSE\n$usage\nextendedKeyUsage=${side}Auth\n$more" >"$work/extensions"
    [ $# -gt 0 ] || set -- -days 36500
    openssl ca -batch -notext -config "$work/$authority/ca.conf" -cert "$authority/ca-cert.pem" \
        -keyfile "$work/$authority/ca-key.pem" -in "$work/request.pem" -out "$folder/$side-cert.pem" \
        -extfile "$work/extensions" -preserveDN "$@" 2>/dev/null
}

here="subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
authority lab "Lab"
certificate lab lab server "/CN=localhost" "$here"
certificate lab lab client "/O=lab/CN=src" ""
mkdir nobody expired locked revoked psk otherpsk
cp lab/ca-cert.pem nobody
cp lab/ca-cert.pem expired
past="-startdate 200101000000Z -enddate 210101000000Z"
# shellcheck disable=SC2086
certificate lab expired server "/CN=localhost" "$here" $past
# shellcheck disable=SC2086
certificate lab expired client "/O=lab/CN=src" "" $past
authority stranger "Stranger"
certificate stranger stranger server "/CN=localhost" "$here"
certificate stranger stranger client "/O=lab/CN=src" ""
cp lab/ca-cert.pem lab/client-cert.pem locked
openssl pkcs8 -topk8 -in lab/client-key.pem -out locked/client-key.pem -passout pass:heron
cp lab/ca-cert.pem lab/server-cert.pem lab/server-key.pem revoked
openssl ca -config "$work/lab/ca.conf" -cert lab/ca-cert.pem -keyfile "$work/lab/ca-key.pem" \
    -revoke lab/client-cert.pem 2>/dev/null
openssl ca -config "$work/lab/ca.conf" -cert lab/ca-cert.pem -keyfile "$work/lab/ca-key.pem" -gencrl \
    -out revoked/ca-crl.pem 2>/dev/null
for user in qemu bob; do echo "$user:$(openssl rand -hex 32)"; done >psk/keys.psk
echo "qemu:$(openssl rand -hex 32)" >otherpsk/keys.psk
chmod 644 ./*/*.pem ./*/keys.psk
