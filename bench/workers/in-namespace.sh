#!/bin/sh
# The "ssh" of mpiexec: in-namespace.sh -x ADDRESS COMMAND… runs a command on the host that has the address (10.77.0.K),
# which is the network namespace $MNIST_BENCH_NETWORK-K, under a host name of its own.
shift
host="${1##*.}"
shift
# mpiexec quotes its command for the shell of another machine.
exec ip netns exec "$MNIST_BENCH_NETWORK-$host" unshare --uts sh -c "hostname host-$host; exec $*"
