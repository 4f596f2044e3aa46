# The binary is built by the same `make build` that the tests and the demo use.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN make build VERSION="$VERSION"
# The data directory must belong to the user that runs the bidder.
RUN mkdir /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /src/bin/bidwell /usr/local/bin/bidwell
COPY --from=build --chown=nonroot:nonroot /data /data
COPY --chown=nonroot:nonroot configs /etc/bidwell
USER nonroot:nonroot
VOLUME /data
# 8080: exchanges and notices. 8081: admin; publish it on a private network only.
EXPOSE 8080 8081
ENTRYPOINT ["/usr/local/bin/bidwell"]
CMD ["serve", "--config", "/etc/bidwell/bidwell.yaml", "--data", "/data"]
