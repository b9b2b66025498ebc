CREATE TABLE posts (id int);
INSERT INTO posts VALUES (1,'ana','#harbour','2023-03-04');
