"""What `upswell sources new` prints: a commented table of each kind, ready to be changed."""

EXAMPLES = {
    "mastodon": """\
# Mastodon, and servers with its API (Pixelfed, GoToSocial, Akkoma): hashtags as these servers see them.
# Name two or three servers: each knows only what its users follow. A post seen on several counts once.
[[source]]
name = "mastodon"
kind = "mastodon"
servers = ["mastodon.social", "piaille.fr"]
# hashtags = ["#capcomnet"]       # without: the hashtags of your [[event]] tables
# every_s = 30                    # without a token servers are asked so often
# A token (your account there > Preferences > Development, right `read`) brings posts within a second, edits and
# deletions too. It is one server's, so describe that server as a source of its own. Take an account made for this, with
# no language chosen: what its owner mutes does not come.
# token = "$MASTODON_TOKEN"       # $NAME: from the environment
""",
    "bluesky": """\
# Bluesky by Jetstream: all posts of the network that fit, within a second or two; deletions too. No account needed.
[[source]]
name = "bluesky"
kind = "bluesky"
# hashtags = ["#capcomnet"]       # with `words`: only these; without both: what your events and watchlists look for
# words = ["communication publique"]
""",
    "feed": """\
# RSS, Atom and JSON feeds: each entry is a post by its author.
[[source]]
name = "news"
kind = "feed"
urls = ["https://example.org/feed.xml"]
# every_s = 300                   # a feed that names a hub comes at once where `websub_url` is set (docs/sources.md)
# Servers like to know who asks: set `contact = "you@example.org"` at the top of this file.
""",
    "imap": """\
# Mail: what people send to this address, without quotations and signatures, under a pseudonym. Nothing is marked as
# read.
[[source]]
name = "mail"
kind = "imap"
host = "imap.example.org"
user = "wall@example.org"
password = "$WALL_MAIL_PASSWORD"  # $NAME: from the environment
# folder = "INBOX"
""",
    "maildir": """\
# Mail that a mail server on this machine delivers into a Maildir.
[[source]]
name = "mail-here"
kind = "maildir"
path = "/var/mail/wall/Maildir"
""",
    "nostr": """\
# Nostr: hashtags on these relays. No account needed.
[[source]]
name = "nostr"
kind = "nostr"
relays = ["wss://relay.damus.io", "wss://nos.lol"]
# hashtags = ["#capcomnet"]       # without: the hashtags of your [[event]] tables
""",
    "x": """\
# X (Twitter): needs a developer's token, and X asks money for every post it sends.
[[source]]
name = "x"
kind = "x"
token = "$X_TOKEN"                # $NAME: from the environment
# rules = ["#capcomnet lang:fr -is:retweet"]   # without: the hashtags of your [[event]] tables
""",
}
