"""Programs whose tables are known by the columns they write: what a name cannot tell about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from pipeline.sources.archives.formats import fourchan, reddit
from pipeline.sources.archives.formats.base import Parsed


@dataclass(frozen=True)
class Tool:
    """A program that writes tables. Names of columns are plain (`names.plain`)."""

    name: str
    marks: frozenset[str]  # columns that no other program writes together
    network: str | None = None  # whose posts it holds; None: a column tells
    zone: str = ""  # of its local times
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # to be looked at first
    record: Callable[[bytes], Parsed] | None = None  # reads a row as an object, where its columns are a format's fields


SENTIMENT140 = ("target", "sentiment140_id", "date", "flag", "user", "text")
TOOLS = (
    Tool("TAGS", frozenset({"from_user", "id_str", "created_at"}), "twitter", columns={"time": ("created_at",)}),
    Tool("DMI-TCAT", frozenset({"from_user_name", "created_at", "text"}), "twitter"),
    Tool(
        "twarc-csv",
        frozenset({"author_id", "conversation_id", "created_at", "author_username"}),
        "twitter",
        columns={"author": ("author_username",), "tags": ("entities_hashtags",)},
    ),
    Tool("twint", frozenset({"conversation_id", "username", "tweet", "date", "time"}), "twitter"),
    Tool(
        "snscrape",
        frozenset({"url", "date", "user", "renderedcontent"}),
        "twitter",
        columns={"text": ("rawcontent", "content")},
    ),
    Tool("rtweet", frozenset({"status_id", "screen_name", "created_at", "text"}), "twitter"),
    Tool(
        "Sentiment140",
        frozenset(SENTIMENT140),
        "twitter",
        zone="America/Los_Angeles",  # it says PDT in each row
        columns={"id": ("sentiment140_id",)},
    ),
    Tool(
        "Sentiment140",  # with the header that Kaggle gives it
        frozenset({"target", "ids", "date", "flag", "user", "text"}),
        "twitter",
        zone="America/Los_Angeles",
        columns={"id": ("ids",)},
    ),
    Tool(
        "academictwitteR",
        frozenset({"tweet_id", "user_username", "sourcetweet_type"}),
        "twitter",
        columns={"repost_of": ("sourcetweet_id",)},
    ),
    Tool(
        "twitter-to-sqlite",
        frozenset({"user", "full_text", "retweeted_status", "quoted_status", "display_text_range"}),
        "twitter",
        columns={"repost_of": ("retweeted_status",)},
    ),
    Tool(
        "Scweet",
        frozenset({"embedded_text", "timestamp", "text", "username"}),
        "twitter",
        columns={"author": ("username",)},
    ),
    Tool("Reddit", frozenset({"id", "author", "created_utc", "subreddit"}), "reddit", record=reddit.parse),
    Tool(
        "4CAT",
        frozenset({"thread_id", "author_trip", "author_type_id", "unix_timestamp"}),
        "4chan",
        record=fourchan.parse_row,
    ),
    Tool("Hacker News", frozenset({"by", "time", "type", "score", "parent"}), "hackernews"),
    Tool(
        "Netlytic",
        frozenset({"guid", "pubdate", "author", "description"}),
        columns={"id": ("guid",), "text": ("description", "title")},
    ),
    Tool(
        "weibo-crawler",
        frozenset({"用户昵称", "微博正文", "发布时间"}),
        "weibo",
        zone="Asia/Shanghai",
        columns={"author": ("用户昵称",), "text": ("微博正文",), "time": ("发布时间",), "tags": ("话题",)},
    ),
    Tool("5channel", frozenset({"レス番号", "id"}), columns={"author": ("id",)}),  # of whom most have no name
    Tool(
        "NodeXL",
        frozenset({"vertex_1", "vertex_2", "tweet", "tweet_date_utc"}),
        "twitter",
        columns={
            "author": ("vertex_1",),
            "time": ("tweet_date_utc",),
            "id": ("imported_id",),
            "tags": ("hashtags_in_tweet",),
        },
    ),
    Tool(
        "Gnip",
        frozenset({"verb", "postedtime", "actor_preferredusername"}),
        "twitter",
        columns={
            "text": ("body",),
            "time": ("postedtime",),
            "author": ("actor_preferredusername",),
            "tags": ("twitter_entities_hashtags",),
            "lang": ("twitter_lang",),
        },
    ),
    Tool(
        "Bright Data",
        frozenset({"user_posted", "date_posted", "description"}),
        columns={"text": ("description",), "author": ("user_posted",), "time": ("date_posted",)},
    ),
    Tool(
        "Sprout Social",
        frozenset({"network", "post_type", "profile", "sent_by", "post"}),
        columns={"author": ("profile",), "text": ("post",)},
    ),
    Tool("GDELT", frozenset({"seendate", "domain", "title"}), columns={"author": ("domain",)}),
    Tool(
        "Community Notes",
        frozenset({"noteid", "noteauthorparticipantid", "createdatmillis", "summary"}),
        "twitter",
        columns={
            "id": ("noteid",),
            "author": ("noteauthorparticipantid",),
            "time": ("createdatmillis",),
            "text": ("summary",),
        },
    ),
    Tool(
        "LiveJournal",
        frozenset({"itemid", "eventtime", "event", "security"}),
        columns={"text": ("event",), "time": ("eventtime",)},
    ),
    Tool("CrowdTangle", frozenset({"facebook_id", "post_created"}), "facebook"),
    Tool("CrowdTangle", frozenset({"followers_at_posting", "post_created", "image_text"}), "instagram"),
    Tool(
        "Brandwatch",
        frozenset({"query_name", "date", "author", "url"}),
        columns={"source": ("page_type", "content_source_name"), "text": ("full_text", "snippet", "title")},
    ),
    Tool(
        "Talkwalker",
        frozenset({"extra_author_attributes_name", "published"}),
        columns={
            "text": ("content", "title_snippet", "content_snippet", "title"),
            "time": ("published",),
            "author": ("extra_author_attributes_short_name", "extra_author_attributes_name"),
        },
    ),
    Tool(
        "Meltwater",
        frozenset({"hit_sentence", "date", "url"}),
        columns={
            "text": ("hit_sentence", "opening_text", "headline", "title"),
            "author": ("twitter_screen_name", "author_handle", "influencer", "author_name"),
            "source": ("source_name", "source"),
        },
    ),
)


def tool_of(names: Collection[str]) -> Tool | None:
    """The program that writes columns of these names."""
    return next((tool for tool in TOOLS if tool.marks <= set(names)), None)
