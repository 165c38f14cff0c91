#define WORD "one"
#define MORE "two"
#define MARK "!"
