/// What a shared library shows of itself.
#ifndef MOBILECLIP_EXPORT_H_
#define MOBILECLIP_EXPORT_H_

#if defined(__GNUC__)
#define MOBILECLIP_API __attribute__((visibility("default")))
#else
#define MOBILECLIP_API
#endif

#endif /* MOBILECLIP_EXPORT_H_ */
