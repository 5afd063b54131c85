set -eu
if [ -f director-state/director.env ]; then
  . director-state/director.env
  echo "deleting director $BOSH_ENVIRONMENT"
fi
for thing in vms disks 'security groups' vswitches; do
  sleep 0.3
  echo "  no $thing left"
done
