#!/usr/bin/perl
print "ok\n";
