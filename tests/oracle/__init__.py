"""The slow, obvious restatement of docs/trending.md: what the product must count and list.

Lists, sets, dicts and loops; nothing is carried from step to step that could be computed anew from the posts (lives,
records and held weights are histories by definition). It shares no line with the product and imports none of it.

    posts.Said              one post as a plain tuple, posts.as_post() the same as a message
    counting.counts()       closed panes, late posts, duplicates
    ranking.lists()         every issued list
    streams                 small adversarial streams, for Hypothesis and from seeds
    compare.differences()   two series of lists, told apart
"""
