set -eu
echo 'Deployment manifest: director.yml'
for stage in 'Validating release' 'Uploading stemcell' 'Creating VM' 'Waiting for the agent' \
  'Running the post-start scripts'; do
  printf '%s...' "$stage"
  sleep 0.6
  echo ' Finished (00:00:01)'
done
{
  echo "export BOSH_ENVIRONMENT=10.0.0.6"
  echo "export BOSH_RELEASE=$(cat version-semver/number)"
} > director-state/director.env
