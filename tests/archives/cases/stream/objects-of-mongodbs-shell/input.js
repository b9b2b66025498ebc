{ "_id" : ObjectId("65f0c0ffee00000000000000"), "id" : NumberLong("1785600000000000000"), "created_at" : ISODate("2024-05-01T10:40:00Z"), "username" : "ana", "text" : "boats 0 #harbour" }
{ "_id" : ObjectId("65f0c0ffee00000000000001"), "id" : NumberLong("1785600000000000001"), "created_at" : ISODate("2024-05-01T10:41:00Z"), "username" : "bo", "text" : "boats 1 #harbour" }
{ "_id" : ObjectId("65f0c0ffee00000000000002"), "id" : NumberLong("1785600000000000002"), "created_at" : ISODate("2024-05-01T10:42:00Z"), "username" : "cy", "text" : "boats 2 #harbour" }
{ "_id" : ObjectId("65f0c0ffee00000000000003"), "id" : NumberLong("1785600000000000003"), "created_at" : ISODate("2024-05-01T10:43:00Z"), "username" : "di", "text" : "boats 3 #harbour" }
{ "_id" : ObjectId("65f0c0ffee00000000000004"), "id" : NumberLong("1785600000000000004"), "created_at" : ISODate("2024-05-01T10:44:00Z"), "username" : "ed", "text" : "boats 4 #harbour" }
{ "_id" : ObjectId("65f0c0ffee00000000000005"), "id" : NumberLong("1785600000000000005"), "created_at" : ISODate("2024-05-01T10:45:00Z"), "username" : "flo", "text" : "boats 5 #harbour" }
