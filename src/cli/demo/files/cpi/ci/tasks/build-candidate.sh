set -eu
version=$(cat version-semver/number)
release=bosh-alicloud-cpi-$version.tgz
echo "building release $version from $(git -C bosh-cpi-src rev-parse --short HEAD)"
git clone -q bosh-cpi-dev-artifacts candidate/repo
rm -f candidate/repo/*.tgz
for part in jobs packages src config; do
  sleep 0.5
  echo "  adding $part"
done
tar czf "candidate/repo/$release" -C bosh-cpi-src src
git -C bosh-cpi-src log -1 --format='commit: %H%nsubject: %s' > candidate/repo/built-from
cd candidate/repo
git add -A
git -c user.name="$GIT_USER_NAME" -c user.email="$GIT_USER_EMAIL" \
  commit -q -m "dev release $version"
echo "built $release ($(wc -c < "$release" | tr -d ' ') bytes)"
