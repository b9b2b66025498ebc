window.YTD.deleted_tweets.part0 = [
  {
    "tweet": {
      "id_str": "1666356568519606272",
      "id": "1666356568519606272",
      "full_text": "amber birch 0 #Quay",
      "created_at": "Wed Jun 07 08:09:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:09:00Z"
    }
  },
  {
    "tweet": {
      "id_str": "1666356820177846273",
      "id": "1666356820177846273",
      "full_text": "amber birch 1 #Quay",
      "created_at": "Wed Jun 07 08:10:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:10:00Z"
    }
  },
  {
    "tweet": {
      "id_str": "1666357071836086274",
      "id": "1666357071836086274",
      "full_text": "amber birch 2 #Quay",
      "created_at": "Wed Jun 07 08:11:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:11:00Z"
    }
  },
  {
    "tweet": {
      "id_str": "1666357323494326275",
      "id": "1666357323494326275",
      "full_text": "amber birch 3 #Quay",
      "created_at": "Wed Jun 07 08:12:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:12:00Z"
    }
  },
  {
    "tweet": {
      "id_str": "1666357575152566276",
      "id": "1666357575152566276",
      "full_text": "amber birch 4 #Quay",
      "created_at": "Wed Jun 07 08:13:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:13:00Z"
    }
  },
  {
    "tweet": {
      "id_str": "1666357826810806277",
      "id": "1666357826810806277",
      "full_text": "amber birch 5 #Quay",
      "created_at": "Wed Jun 07 08:14:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:14:00Z"
    }
  },
  {
    "tweet": {
      "id_str": "1666358078469046278",
      "id": "1666358078469046278",
      "full_text": "amber birch 6 #Quay",
      "created_at": "Wed Jun 07 08:15:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:15:00Z"
    }
  },
  {
    "tweet": {
      "id_str": "1666358330127286279",
      "id": "1666358330127286279",
      "full_text": "amber birch 7 #Quay",
      "created_at": "Wed Jun 07 08:16:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:16:00Z"
    }
  },
  {
    "tweet": {
      "id_str": "1666358581785526280",
      "id": "1666358581785526280",
      "full_text": "amber birch 8 #Quay",
      "created_at": "Wed Jun 07 08:17:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:17:00Z"
    }
  },
  {
    "tweet": {
      "id_str": "1666358833443766281",
      "id": "1666358833443766281",
      "full_text": "amber birch 9 #Quay",
      "created_at": "Wed Jun 07 08:18:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:18:00Z"
    }
  },
  {
    "tweet": {
      "id_str": "1666359085102006282",
      "id": "1666359085102006282",
      "full_text": "amber birch 10 #Quay",
      "created_at": "Wed Jun 07 08:19:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:19:00Z"
    }
  },
  {
    "tweet": {
      "id_str": "1666359336760246283",
      "id": "1666359336760246283",
      "full_text": "amber birch 11 #Quay",
      "created_at": "Wed Jun 07 08:20:00 +0000 2023",
      "lang": "en",
      "entities": {
        "hashtags": [
          {
            "text": "Quay",
            "indices": [
              "1",
              "2"
            ]
          }
        ]
      },
      "deleted_at": "2023-06-07T08:20:00Z"
    }
  }
]