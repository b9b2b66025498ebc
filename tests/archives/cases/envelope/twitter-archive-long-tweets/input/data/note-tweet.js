window.YTD.note_tweet.part0 = [
 {
  "noteTweet": {
   "noteTweetId": "1624020",
   "updatedAt": "2023-02-10T19:30:37.000Z",
   "lifecycle": {
    "value": "2",
    "name": "Public",
    "originalName": "Public",
    "annotations": {}
   },
   "createdAt": "2023-02-10T19:30:37.000Z",
   "core": {
    "styletags": [],
    "urls": [],
    "text": "Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. Long story number 0 that goes on. and now #Harbour is a tag behind #second",
    "mentions": [],
    "cashtags": [],
    "hashtags": []
   }
  }
 },
 {
  "noteTweet": {
   "noteTweetId": "1624021",
   "updatedAt": "2023-02-10T19:31:37.000Z",
   "lifecycle": {
    "value": "2",
    "name": "Public",
    "originalName": "Public",
    "annotations": {}
   },
   "createdAt": "2023-02-10T19:31:37.000Z",
   "core": {
    "styletags": [],
    "urls": [],
    "text": "Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. Long story number 1 that goes on. and now #Harbour is a tag behind #second",
    "mentions": [],
    "cashtags": [],
    "hashtags": [
     "Harbour",
     "second"
    ]
   }
  }
 },
 {
  "noteTweet": {
   "noteTweetId": "1624022",
   "updatedAt": "2023-02-10T19:32:37.000Z",
   "lifecycle": {
    "value": "2",
    "name": "Public",
    "originalName": "Public",
    "annotations": {}
   },
   "createdAt": "2023-02-10T19:32:37.000Z",
   "core": {
    "styletags": [],
    "urls": [],
    "text": "Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. Long story number 2 that goes on. and now #Harbour is a tag behind #second",
    "mentions": [],
    "cashtags": [],
    "hashtags": [
     "Harbour",
     "second"
    ]
   }
  }
 }
]