#!/usr/bin/env python3
"""Makes raw/ and labels.csv: 60 users, 200 products and two months of a shop. The same files every time: python3 make_data.py"""
import csv
import json
import math
import random
from datetime import datetime, timedelta
from pathlib import Path

DIMENSIONS = 8
BEGIN = datetime(2025, 11, 1)
CATEGORIES = {"kitchen": 35.0, "garden": 60.0, "books": 16.0, "games": 45.0, "clothes": 50.0}
NOUNS = {
    "kitchen": ["pan", "kettle", "knife", "bowl", "grater"],
    "garden": ["spade", "hose", "bench", "lantern", "seeds"],
    "books": ["novel", "atlas", "cookbook", "biography", "poems"],
    "games": ["puzzle", "board game", "dice", "card game", "console"],
    "clothes": ["jacket", "scarf", "boots", "shirt", "hat"],
}
ADJECTIVES = ["red", "small", "classic", "folding", "heavy", "light", "new", "wooden"]

random = random.Random(20251101)


def unit(vector):
    length = math.sqrt(sum(x * x for x in vector))
    return [x / length for x in vector]


def near(center, spread):
    return unit([x + random.gauss(0, spread) for x in center])


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(days):
    # Shops are busy in the evening.
    hour = min(23, max(0, int(random.gauss(18, 4))))
    return BEGIN + timedelta(days=random.randrange(days), hours=hour, minutes=random.randrange(60), seconds=random.randrange(60))


centers = {c: unit([random.gauss(0, 1) for _ in range(DIMENSIONS)]) for c in CATEGORIES}
products = []
for number in range(200):
    category = random.choice(list(CATEGORIES))
    products.append({
        "product_id": f"p{number:03}",
        "listed_at": stamp(BEGIN - timedelta(days=30)),
        "title": f"{random.choice(ADJECTIVES)} {random.choice(NOUNS[category])}",
        "category": category,
        "price": round(CATEGORIES[category] * math.exp(random.gauss(0, 0.5)), 2),
        "embedding": [round(x, 4) for x in near(centers[category], 0.25)],
    })

users = {}
for number in range(60):
    favourite = random.choice(list(CATEGORIES))
    users[f"u{number:02}"] = (near(centers[favourite], 0.35), math.exp(random.gauss(0, 0.4)))


def likes(user, product):
    taste, wealth = users[user]
    match = sum(a * b for a, b in zip(taste, product["embedding"]))
    return 3.0 * match - 0.6 * max(0.0, math.log(product["price"] / (40 * wealth)))


purchases = []
for _ in range(1500):
    user = random.choice(list(users))
    product = random.choices(products, [math.exp(2 * likes(user, p)) for p in products])[0]
    purchases.append((stamp(moment(60)), user, product["product_id"], product["category"], product["price"]))
purchases.sort()

labels = []
for _ in range(800):
    user, product, at = random.choice(list(users)), random.choice(products), moment(60)
    price = round(product["price"] * random.choice([1, 1, 1, 0.9, 0.8]), 2)
    clicked = random.random() < 1 / (1 + math.exp(2.0 - likes(user, product)))
    labels.append((stamp(at), user, product["product_id"], price, random.choice(["phone", "phone", "desktop"]), int(clicked)))
labels.sort()

here = Path(__file__).parent
(here / "raw").mkdir(exist_ok=True)
with open(here / "raw/products.jsonl", "w", newline="\n") as file:
    for product in products:
        file.write(json.dumps(product) + "\n")
with open(here / "raw/categories.jsonl", "w", newline="\n") as file:
    for category, center in centers.items():
        file.write(json.dumps({"category": category, "embedding": [round(x, 4) for x in center]}) + "\n")
with open(here / "raw/purchases.csv", "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["bought_at", "user_id", "product_id", "category", "price"])
    writer.writerows(purchases)
with open(here / "labels.csv", "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["event_timestamp", "user_id", "product_id", "offered_price", "device", "clicked"])
    writer.writerows(labels)
