#!/usr/bin/python3
import argparse, asyncio, datetime, decimal, json, logging, urllib.parse, xml.etree.ElementTree

print("ok")
