window.YTD.tweets.part0 = [
 {
  "tweet": {
   "edit_info": {
    "initial": {
     "editTweetIds": [
      "162400"
     ],
     "editableUntil": "2023-02-10T20:39:37.000Z",
     "editsRemaining": "5",
     "isEditEligible": true
    }
   },
   "retweeted": false,
   "source": "x",
   "entities": {
    "hashtags": [],
    "symbols": [],
    "user_mentions": [],
    "urls": []
   },
   "display_text_range": [
    "0",
    "275"
   ],
   "favorite_count": "1",
   "id_str": "1624010",
   "truncated": false,
   "retweet_count": "0",
   "id": "1624010",
   "created_at": "Fri Feb 10 19:30:37 +0000 2023",
   "favorited": false,
   "full_text": "Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. and now #Harb\u2026",
   "lang": "en"
  }
 },
 {
  "tweet": {
   "edit_info": {
    "initial": {
     "editTweetIds": [
      "162401"
     ],
     "editableUntil": "2023-02-10T20:39:37.000Z",
     "editsRemaining": "5",
     "isEditEligible": true
    }
   },
   "retweeted": false,
   "source": "x",
   "entities": {
    "hashtags": [],
    "symbols": [],
    "user_mentions": [],
    "urls": []
   },
   "display_text_range": [
    "0",
    "275"
   ],
   "favorite_count": "1",
   "id_str": "1624011",
   "truncated": false,
   "retweet_count": "0",
   "id": "1624011",
   "created_at": "Fri Feb 10 19:31:37 +0000 2023",
   "favorited": false,
   "full_text": "Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. and now #Harb\u2026",
   "lang": "en"
  }
 },
 {
  "tweet": {
   "edit_info": {
    "initial": {
     "editTweetIds": [
      "162402"
     ],
     "editableUntil": "2023-02-10T20:39:37.000Z",
     "editsRemaining": "5",
     "isEditEligible": true
    }
   },
   "retweeted": false,
   "source": "x",
   "entities": {
    "hashtags": [],
    "symbols": [],
    "user_mentions": [],
    "urls": []
   },
   "display_text_range": [
    "0",
    "275"
   ],
   "favorite_count": "1",
   "id_str": "1624012",
   "truncated": false,
   "retweet_count": "0",
   "id": "1624012",
   "created_at": "Fri Feb 10 19:32:37 +0000 2023",
   "favorited": false,
   "full_text": "Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. and now #Harb\u2026",
   "lang": "en"
  }
 },
 {
  "tweet": {
   "edit_info": {
    "initial": {
     "editTweetIds": [
      "162403"
     ],
     "editableUntil": "2023-02-10T20:39:37.000Z",
     "editsRemaining": "5",
     "isEditEligible": true
    }
   },
   "retweeted": false,
   "source": "x",
   "entities": {
    "hashtags": [],
    "symbols": [],
    "user_mentions": [],
    "urls": []
   },
   "display_text_range": [
    "0",
    "275"
   ],
   "favorite_count": "1",
   "id_str": "1624013",
   "truncated": false,
   "retweet_count": "0",
   "id": "1624013",
   "created_at": "Fri Feb 10 19:33:37 +0000 2023",
   "favorited": false,
   "full_text": "short #quay",
   "lang": "en"
  }
 },
 {
  "tweet": {
   "edit_info": {
    "initial": {
     "editTweetIds": [
      "162404"
     ],
     "editableUntil": "2023-02-10T20:39:37.000Z",
     "editsRemaining": "5",
     "isEditEligible": true
    }
   },
   "retweeted": false,
   "source": "x",
   "entities": {
    "hashtags": [],
    "symbols": [],
    "user_mentions": [],
    "urls": []
   },
   "display_text_range": [
    "0",
    "275"
   ],
   "favorite_count": "1",
   "id_str": "1624014",
   "truncated": false,
   "retweet_count": "0",
   "id": "1624014",
   "created_at": "Fri Feb 10 19:34:37 +0000 2023",
   "favorited": false,
   "full_text": "short #quay",
   "lang": "en"
  }
 }
]