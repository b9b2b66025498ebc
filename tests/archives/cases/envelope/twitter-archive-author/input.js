window.YTD.tweets.part0 = [
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:09:00 +0000 2023",
      "id": 1000000000000000000,
      "id_str": "1000000000000000000",
      "full_text": "amber birch cedar #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  },
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:10:00 +0000 2023",
      "id": 1000000000000000001,
      "id_str": "1000000000000000001",
      "full_text": "birch grove knoll #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  },
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:11:00 +0000 2023",
      "id": 1000000000000000002,
      "id_str": "1000000000000000002",
      "full_text": "cedar marsh ember #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  },
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:12:00 +0000 2023",
      "id": 1000000000000000003,
      "id_str": "1000000000000000003",
      "full_text": "dune ember marsh #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  },
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:13:00 +0000 2023",
      "id": 1000000000000000004,
      "id_str": "1000000000000000004",
      "full_text": "ember knoll grove #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  },
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:14:00 +0000 2023",
      "id": 1000000000000000005,
      "id_str": "1000000000000000005",
      "full_text": "fjord cedar birch #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  },
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:15:00 +0000 2023",
      "id": 1000000000000000006,
      "id_str": "1000000000000000006",
      "full_text": "grove heath islet #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  },
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:16:00 +0000 2023",
      "id": 1000000000000000007,
      "id_str": "1000000000000000007",
      "full_text": "heath amber dune #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  },
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:17:00 +0000 2023",
      "id": 1000000000000000008,
      "id_str": "1000000000000000008",
      "full_text": "islet fjord lagoon #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  },
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:18:00 +0000 2023",
      "id": 1000000000000000009,
      "id_str": "1000000000000000009",
      "full_text": "knoll lagoon fjord #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  },
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:19:00 +0000 2023",
      "id": 1000000000000000010,
      "id_str": "1000000000000000010",
      "full_text": "lagoon dune amber #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  },
  {
    "tweet": {
      "created_at": "Wed Jun 07 08:20:00 +0000 2023",
      "id": 1000000000000000011,
      "id_str": "1000000000000000011",
      "full_text": "marsh islet heath #Quay",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              1,
              6
            ]
          }
        ]
      },
      "lang": "en"
    }
  }
]