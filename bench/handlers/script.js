#!/usr/bin/node
process.stdout.write("ok\n");
