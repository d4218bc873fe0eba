#!/bin/sh
# Runs one command inside an arm64 root: in_root.sh ROOT COMMAND...
# All mounts are made in a mount namespace of this command's own: however it ends, the kernel takes them away with it.
set -eu

exec unshare --mount --fork sh -eu -c '
    root=$1
    shift
    if [ "$(uname -m)" != aarch64 ]; then
        [ -e /proc/sys/fs/binfmt_misc/status ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
        update-binfmts --enable qemu-aarch64
    fi
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    # An environment of its own: variables of this machine name its folders and its processor. Only proxies hold there too.
    proxies=$(env | grep -i "^[a-z]*_proxy=" || true)
    exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 $proxies "$@"
' in_root "$@"
