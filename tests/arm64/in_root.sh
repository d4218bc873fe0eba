#!/bin/sh
# Runs one command inside an arm64 root: in_root.sh ROOT COMMAND...
# The processor is a Raspberry Pi 4's, or with CPU=cortex-a76 in the environment a Raspberry Pi 5's.
# All mounts are made in a mount namespace of this command's own: however it ends, the kernel takes them away with it.
set -eu

# shellcheck disable=SC2016 (the inner shell expands them)
exec unshare --mount sh -euc '
    root=$1
    shift
    cpu=${CPU:-cortex-a72}
    case $cpu in
    cortex-a72) part=0xd08 features="fp asimd evtstrm crc32 cpuid" ;;
    cortex-a76) part=0xd0b features="fp asimd evtstrm crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp" ;;
    *) echo "CPU=$cpu: expected cortex-a72 or cortex-a76" >&2; exit 2 ;;
    esac

    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    if [ "$(uname -m)" != aarch64 ]; then
        [ -e /proc/sys/fs/binfmt_misc/status ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
        update-binfmts --enable qemu-aarch64
        # qemu shows the real /proc/cpuinfo, and on an x86 one both engines crash. Without any they start, but LiteRT
        # leaves out XNNPACK, which it uses on a device. So the root gets what the emulated processor would say.
        for number in $(ls -d /sys/devices/system/cpu/cpu[0-9]* | sed "s/.*cpu//" | sort -n); do
            printf "processor\t: %s\nFeatures\t: %s\nCPU implementer\t: 0x41\nCPU architecture: 8\n" $number "$features"
            printf "CPU variant\t: 0x0\nCPU part\t: %s\nCPU revision\t: 3\n\n" $part
        done >"$root/run/cpuinfo"
        mount --bind "$root/run/cpuinfo" "$root/proc/cpuinfo"
    fi

    # An environment of its own: the variables of this machine name its folders and its processor. Proxies hold in both.
    proxies=$(env | grep -i "^[a-z]*_proxy=" || true)
    exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 QEMU_CPU=$cpu \
        $proxies "$@"
' in_root "$@"
