/* A test harness of one page: cases that count, checks that say where they failed. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

#include "psjob.h"

static int checks_failed_in_case;
static int cases_passed;
static int cases_failed;

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            checks_failed_in_case++;                                                \
            printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);        \
        }                                                                           \
    } while (0)

#define RUN(name)                                                                   \
    do {                                                                            \
        checks_failed_in_case = 0;                                                  \
        name();                                                                     \
        if (checks_failed_in_case != 0) {                                           \
            cases_failed++;                                                         \
            printf("FAILED %s\n", #name);                                           \
        } else {                                                                    \
            cases_passed++;                                                         \
        }                                                                           \
        fflush(stdout);                                                             \
    } while (0)

/* Prints the totals; the value for main. */
static inline int finish(void)
{
    printf("%d passed, %d failed\n", cases_passed, cases_failed);
    return cases_failed != 0;
}

static inline int contains(psjob_str text, const char *part)
{
    size_t length = strlen(part);
    for (size_t at = 0; at + length <= text.len; at++) {
        if (memcmp(text.data + at, part, length) == 0) {
            return 1;
        }
    }
    return 0;
}

#endif
