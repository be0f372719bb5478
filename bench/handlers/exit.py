#!/usr/bin/python3
import os

os.write(1, b"ok\n")
os._exit(0)
