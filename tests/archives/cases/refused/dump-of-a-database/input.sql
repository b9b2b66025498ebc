-- MySQL dump 10.13
INSERT INTO `tweets` VALUES (1,'2023-01-29 18:30:00','p0','amber #Quay');
