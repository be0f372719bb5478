/* page_plot: see page.h. */
#include <inttypes.h>

#include "ctl/page.h"

#define BAR_WIDTH   100
#define SLOT_WIDTH  4
#define PLOT_HEIGHT 40

void page_put_bar(FILE *file, uint64_t active, uint64_t limit)
{
    double full = limit > 0 ? (double)active / (double)limit : 0;

    fprintf(file,
            "<svg class=\"bar\" viewBox=\"0 0 %d 4\" preserveAspectRatio=\"none\" "
            "role=\"img\" aria-label=\"%" PRIu64 " of %" PRIu64 "\">"
            "<rect class=\"track\" width=\"%d\" height=\"4\"/>",
            BAR_WIDTH, active, limit, BAR_WIDTH);
    if (active > 0)
        fprintf(file, "<rect class=\"started\" width=\"%.1f\" height=\"4\"/>",
                full > 1 ? BAR_WIDTH : full * BAR_WIDTH);
    fputs("</svg>", file);
}

static double slot_of(const json_t *list, size_t index)
{
    return json_number_value(json_array_get(list, index));
}

static void put_slot(FILE *file, const char *kind, size_t index, double from, double height)
{
    if (height > 0)
        fprintf(file, "<rect class=\"%s\" x=\"%zu\" y=\"%.2f\" width=\"%d\" height=\"%.2f\"/>",
                kind, index * SLOT_WIDTH, PLOT_HEIGHT - from - height, SLOT_WIDTH - 1, height);
}

/* The most that happened in a slot. */
static double most_of(const json_t *started, const json_t *refused)
{
    double most = 0;

    for (size_t i = 0; i < json_array_size(started); i++)
        if (slot_of(started, i) + slot_of(refused, i) > most)
            most = slot_of(started, i) + slot_of(refused, i);
    return most;
}

/* What was started stands on the ground, and what was refused on that. */
void page_put_plot(FILE *file, const json_t *service, uint64_t slot_seconds)
{
    const json_t *started = json_object_get(service, "started_history");
    const json_t *refused = json_object_get(service, "refused_history");
    size_t count = json_array_size(started);
    uint64_t minutes = count * slot_seconds / 60;
    double most = most_of(started, refused);

    if (most == 0) {
        fprintf(file, "<p class=\"listens\">nothing in the last %" PRIu64 " minutes</p>", minutes);
        return;
    }
    fprintf(file,
            "<svg class=\"plot\" viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\" role=\"img\">"
            "<title>Started and refused in the last %" PRIu64 " minutes</title>",
            count * SLOT_WIDTH, PLOT_HEIGHT, minutes);
    for (size_t i = 0; i < count; i++) {
        double height = slot_of(started, i) / most * PLOT_HEIGHT;

        put_slot(file, "started", i, 0, height);
        put_slot(file, "refused", i, height, slot_of(refused, i) / most * PLOT_HEIGHT);
    }
    fprintf(file,
            "<line class=\"base\" x1=\"0\" x2=\"%zu\" y1=\"%d\" y2=\"%d\"/></svg>"
            "<p class=\"listens\"><span class=\"key-started\">started</span> and "
            "<span class=\"key-refused\">refused</span> in the last %" PRIu64
            " minutes, at most %.0f in %" PRIu64 " s</p>",
            count * SLOT_WIDTH, PLOT_HEIGHT, PLOT_HEIGHT, minutes, most, slot_seconds);
}
