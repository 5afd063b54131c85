# Run it by hand in the container: sh checkout/ci/integration.sh
set -eu
. checkout/config/gateway.conf
. checkout/services/bank.stub
n=0
failed=0
check() {
  n=$((n + 1))
  sleep 0.3
  if [ "$1" = pass ]; then
    echo "ok $n $2"
  else
    printf '\033[31mnot ok %d %s\033[0m\n' "$n" "$2"
    echo "  expected 200, got 504 from gateway after ${upstream_timeout_ms} ms"
    echo "  the bank answered after ${bank_answers_after_ms} ms"
    failed=$((failed + 1))
  fi
}
echo '1..8'
check pass 'basket keeps its items'
check pass 'prices are in the buyers currency'
check pass 'an address is validated'
check pass 'shipping costs are added once'
if [ "$bank_answers_after_ms" -le "$upstream_timeout_ms" ]; then slow_bank=pass; else slow_bank=fail; fi
check $slow_bank 'a payment survives a slow bank'
check pass 'a refused card is said to be refused'
check pass 'a receipt is sent'
check pass 'an order can be cancelled'
echo "$((n - failed)) of $n passed"
if [ $failed -gt 0 ]; then
  echo "error: $failed test failed, see checkout/config/gateway.conf" >&2
  exit 1
fi
