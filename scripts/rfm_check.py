#!/usr/bin/env python3
"""RFM edges and segment sizes computed again from raw files. Shares no code with the product: Python 3.9+, standard
library only; written from docs/segments.md.

    rfm_check.py <CDNOW_sample.txt>        --as-of 1998-07-01 [--currency USD]
    rfm_check.py <online_retail_*.csv ...> --as-of 2010-12-24 [--currency GBP]
        prints counts, edges and sizes as JSON
    ... --url http://127.0.0.1:3000 --key <api key> [--model <modelId>]
        compares them with a running ledger that holds nothing but these files, imported by docs/examples/*.yaml, and
        whose active model (or the named one) was fitted as of that instant

Exit status: 0 all is equal (or nothing was to be compared), 1 differences, 2 usage or nothing readable.
"""
import argparse, csv, json, sys, urllib.error, urllib.request
from collections import Counter, defaultdict
from datetime import datetime, time, timezone
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

PERCENTS = (20, 40, 60, 80)
PAGE = 500
LONDON = ZoneInfo("Europe/London")


# Raw files: (customer, instant, "purchase" | "refund", amount, currency)

def read_cdnow(paths):
    """Every row is a purchase, also one that repeats another: master id, sample id, date, CDs, dollars."""
    for path in paths:
        with open(path, encoding="ascii") as lines:
            for line in filter(str.strip, lines):
                master, _sample, day, _cds, dollars = line.split()
                at = datetime.strptime(day, "%Y%m%d").replace(tzinfo=timezone.utc)
                yield master, at, "purchase", Decimal(dollars), "USD"


def read_online_retail(paths):
    """An invoice is all rows of one number, in whichever file; who and when are those of its first row."""
    first, sums = {}, defaultdict(Decimal)
    for path in paths:
        with open(path, encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                number = row["InvoiceNo"]
                first.setdefault(number, row)
                sums[number] += int(row["Quantity"]) * Decimal(row["UnitPrice"])
    for number, row in first.items():
        at = datetime.strptime(row["InvoiceDate"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=LONDON)
        refund = number.startswith("C")
        amount = -sums[number] if refund else sums[number]
        # The ledger rejects what has no customer, and amounts below 0.
        if row["CustomerID"].strip() and amount >= 0:
            customer = str(int(Decimal(row["CustomerID"])))
            yield customer, at.astimezone(timezone.utc), "refund" if refund else "purchase", amount, "GBP"


# The model

def values_of(trades, as_of, currency):
    """(recency in days, purchases, money) of one customer; None without a purchase."""
    bought = [at for at, kind, _, _ in trades if kind == "purchase"]
    if not bought:
        return None
    days = (as_of.astimezone(timezone.utc).date() - max(bought).date()).days
    money = sum((amount if kind == "purchase" else -amount
                 for _, kind, amount, unit in trades if unit == currency), Decimal(0))
    return max(days, 0), len(bought), money


def nearest_ranks(values):
    ordered = sorted(values)
    return [ordered[-(-percent * len(ordered) // 100) - 1] for percent in PERCENTS]


def score(value, edges):
    return 1 + sum(edge < value for edge in edges)


def segment_of(r, f, m):
    fm = int((Decimal(f + m) / 2).to_integral_value(ROUND_HALF_UP))
    if r <= 2:
        return "cannot-lose" if fm == 5 else "at-risk" if fm >= 3 else "hibernating"
    if fm >= 4:
        return "champions" if r == 5 else "loyal"
    if r == 3:
        return "needs-attention" if fm == 3 else "about-to-sleep"
    return "potential-loyalist" if fm >= 2 else "new" if r == 5 else "promising"


def compute(trades, as_of, currency):
    by_customer = defaultdict(list)
    for customer, *trade in trades:
        by_customer[customer].append(trade)
    # The fit sees what happened before the instant; afterwards everybody is scored by all that they ever did.
    earlier = ([trade for trade in theirs if trade[0] < as_of] for theirs in by_customer.values())
    population = [values for values in (values_of(theirs, as_of, currency) for theirs in earlier) if values]
    if not population:
        raise ValueError("nobody bought anything before that instant")
    recency, frequency, money = (nearest_ranks(column) for column in zip(*population))
    sizes = Counter()
    for theirs in by_customer.values():
        values = values_of(theirs, as_of, currency)
        if values:
            days, count, amount = values
            sizes[segment_of(6 - score(days, recency), score(count, frequency), score(amount, money))] += 1
    return {
        "asOf": as_of.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{as_of.microsecond // 1000:03}Z",
        "currency": currency,
        "purchases": sum(trade[2] == "purchase" for trade in trades),
        "refunds": sum(trade[2] == "refund" for trade in trades),
        "population": len(population),
        "edges": {"recency": recency, "frequency": frequency, "monetary": [plain(edge) for edge in money]},
        "sizes": dict(sorted(sizes.items())),
    }


def plain(decimal):
    text = f"{decimal:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# A running ledger

def get(url, key, path):
    request = urllib.request.Request(url.rstrip("/") + path, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def listed(body):
    return body if isinstance(body, list) else body["items"]


def pages(url, key, path):
    """All items of a list that is answered in pages."""
    cursor = ""
    while cursor is not None:
        body = get(url, key, f"{path}?limit={PAGE}{cursor}")
        yield from body["items"]
        cursor = f"&cursor={body['next']}" if body["next"] else None


def chosen_model(models, named):
    if named:
        return next((model for model in models if model["modelId"] == named), None)
    active = [model for model in models if model.get("active") or model.get("state") == "active"]
    return active[0] if active else models[0] if len(models) == 1 else None


def compare(ours, url, key, named):
    """What differs, a line each."""
    model = chosen_model([item for item in listed(get(url, key, "/v1/models")) if item["kind"] == "rfm"], named)
    if model is None:
        return ["no such model, or no active one: name it by --model"]
    parameters = model["parameters"]
    different = []

    def expect(what, theirs, wanted):
        if theirs != wanted:
            different.append(f"{what}: the ledger says {theirs}, the files say {wanted}")

    expect("asOf", model["asOf"], ours["asOf"])
    for name in ("currency", "population"):
        told = model.get(name, parameters.get(name))
        if told is not None:
            expect(name, told, ours[name])
    for name in ("recency", "frequency"):
        expect(f"edges of {name}", parameters["edges"][name], ours["edges"][name])
    expect("edges of monetary", *([str(Decimal(edge).normalize()) for edge in edges]
                                  for edges in (parameters["edges"]["monetary"], ours["edges"]["monetary"])))
    cells = {f"{r}{f}{m}": segment_of(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)}
    expect("table", parameters["table"], cells)
    sizes = {item["segmentId"]: item["size"] for item in listed(get(url, key, "/v1/segments"))}
    expect("sizes", {name: size for name, size in sorted(sizes.items()) if size}, ours["sizes"])
    for name, size in sizes.items():
        members = [member["customerId"] for member in pages(url, key, f"/v1/segments/{name}/members")]
        expect(f"members of {name}", len(set(members)), size)
    return different


def instant(text):
    at = datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "zZ" else text)
    if at.tzinfo is None:
        if at.time() != time():
            raise argparse.ArgumentTypeError("a time of day needs its offset: Z, or +01:00")
        at = at.replace(tzinfo=timezone.utc)
    return at


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--as-of", type=instant, required=True)
    parser.add_argument("--currency")
    parser.add_argument("--url")
    parser.add_argument("--key")
    parser.add_argument("--model")
    given = parser.parse_args()
    if (given.url is None) != (given.key is None):
        parser.error("--url and --key go together")
    reader = read_online_retail if given.files[0].endswith(".csv") else read_cdnow
    try:
        trades = list(reader(sorted(given.files)))
        ours = compute(trades, given.as_of, given.currency or trades[0][4]) if trades else {}
    except (OSError, ValueError, KeyError, ArithmeticError) as fault:
        parser.error(f"not readable: {type(fault).__name__}: {fault}")
    if not ours:
        parser.error("these files have no purchases")
    if given.url is None:
        print(json.dumps(ours, indent=2))
        return 0
    try:
        different = compare(ours, given.url, given.key, given.model)
    except (OSError, KeyError, TypeError, ValueError) as fault:
        parser.error(f"the ledger's answer can't be compared: {type(fault).__name__}: {fault}")
    print(json.dumps({"equal": not different, "different": different, **ours}, indent=2))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
