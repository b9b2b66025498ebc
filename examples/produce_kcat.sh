#!/bin/sh
# Push a post with kcat: sh examples/produce_kcat.sh HOST:PORT
# The author, a tab, the post; the partition of an author is that of every Java client, which kcat has to be told.
printf 'gus\t{"id": "1", "author": "gus", "text": "On commence ! #capcomnet", "time": %s000}\n' "$(date +%s)" |
    kcat -P -b "$1" -t "${2:-posts}" -K '\t' -X topic.partitioner=murmur2_random -X acks=all
