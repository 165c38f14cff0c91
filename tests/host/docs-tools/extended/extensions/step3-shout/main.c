#include "loud.h"
#include "word.h"

#include <stdio.h>

static const char *word(void)
{
	/* virtio 1.2, 4.2.2 */
	return WORD;
}

int main(void)
{
	puts(word());
	puts(LOUD);
	return 2;
}
