/// The version, in one place: the build system, the program and the library read it from here.
#ifndef MOBILECLIP_VERSION_H_
#define MOBILECLIP_VERSION_H_

#define MOBILECLIP_VERSION "0.1.0"

#endif  // MOBILECLIP_VERSION_H_
