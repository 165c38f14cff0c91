#define WORD "one"
#define MORE "two"
