Grailbird.data.tweets_2023_01 = 
[
 {
  "created_at": "2023-01-29 18:30:00 +0000",
  "id": 1619764813624246272,
  "id_str": "1619764813624246272",
  "full_text": "amber birch #Quay",
  "entities": {
   "hashtags": [
    {
     "text": "Quay",
     "indices": [
      0,
      1
     ]
    }
   ]
  },
  "lang": "en",
  "retweeted": false,
  "text": "amber birch #Quay",
  "user": {
   "name": "P",
   "screen_name": "p0",
   "protected": false,
   "id_str": "1"
  }
 },
 {
  "created_at": "2023-01-29 18:31:00 +0000",
  "id": 1619765065282486272,
  "id_str": "1619765065282486272",
  "full_text": "birch ember #Quay",
  "entities": {
   "hashtags": [
    {
     "text": "Quay",
     "indices": [
      0,
      1
     ]
    }
   ]
  },
  "lang": "en",
  "retweeted": false,
  "text": "birch ember #Quay",
  "user": {
   "name": "P",
   "screen_name": "p1",
   "protected": false,
   "id_str": "1"
  }
 },
 {
  "created_at": "2023-01-29 18:32:00 +0000",
  "id": 1619765316940726272,
  "id_str": "1619765316940726272",
  "full_text": "cedar heath #Quay",
  "entities": {
   "hashtags": [
    {
     "text": "Quay",
     "indices": [
      0,
      1
     ]
    }
   ]
  },
  "lang": "en",
  "retweeted": false,
  "text": "cedar heath #Quay",
  "user": {
   "name": "P",
   "screen_name": "p2",
   "protected": false,
   "id_str": "1"
  }
 },
 {
  "created_at": "2023-01-29 18:33:00 +0000",
  "id": 1619765568598966272,
  "id_str": "1619765568598966272",
  "full_text": "dune amber #Quay",
  "entities": {
   "hashtags": [
    {
     "text": "Quay",
     "indices": [
      0,
      1
     ]
    }
   ]
  },
  "lang": "en",
  "retweeted": false,
  "text": "dune amber #Quay",
  "user": {
   "name": "P",
   "screen_name": "p3",
   "protected": false,
   "id_str": "1"
  }
 },
 {
  "created_at": "2023-01-29 18:34:00 +0000",
  "id": 1619765820257206272,
  "id_str": "1619765820257206272",
  "full_text": "ember dune #Quay",
  "entities": {
   "hashtags": [
    {
     "text": "Quay",
     "indices": [
      0,
      1
     ]
    }
   ]
  },
  "lang": "en",
  "retweeted": false,
  "text": "ember dune #Quay",
  "user": {
   "name": "P",
   "screen_name": "p4",
   "protected": false,
   "id_str": "1"
  }
 },
 {
  "created_at": "2023-01-29 18:35:00 +0000",
  "id": 1619766071915446272,
  "id_str": "1619766071915446272",
  "full_text": "fjord grove #Quay",
  "entities": {
   "hashtags": [
    {
     "text": "Quay",
     "indices": [
      0,
      1
     ]
    }
   ]
  },
  "lang": "en",
  "retweeted": false,
  "text": "fjord grove #Quay",
  "user": {
   "name": "P",
   "screen_name": "p5",
   "protected": false,
   "id_str": "1"
  }
 }
]